// What the owner's pages do beyond links and forms. Everything here is an extra: without it they still work.

// On a telephone not all places fit: the one where somebody is comes into sight.
const place = document.querySelector(".desk [aria-current]");
if (place) place.parentElement.scrollLeft = place.offsetLeft - (innerWidth - place.offsetWidth) / 2;
