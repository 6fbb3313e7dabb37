/* The open place of a row of tabs that is wider than a telephone, in sight. */
document.querySelector(".sections [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

/* Copies the link beside a button. Without this the field can be selected by hand. */
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const field = button.parentElement.querySelector("input");
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  });
}
