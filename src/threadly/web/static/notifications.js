// Offers the time zone of this device where one is chosen.

const zone = document.getElementById("time_zone");
const offer = document.querySelector("[data-own-zone]");
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;

function show() {
  offer.hidden = zone.value === own || ![...zone.options].some((option) => option.value === own);
}

if (zone && offer && own) {
  offer.textContent = `Use ${own.split("/").pop().replaceAll("_", " ")}`;
  offer.addEventListener("click", () => {
    zone.value = own;
    show();
    zone.focus();
  });
  zone.addEventListener("change", show);
  show();
}
