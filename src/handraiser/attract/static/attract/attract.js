// Copying a kept link, and showing the one being built. Both screens work without it.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
}
const builder = document.querySelector("[data-builder]");
if (builder) {
  const preview = builder.querySelector("[data-preview]");
  const tidy = (text) => text.trim().toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");
  const show = () => {
    let address;
    try { address = new URL(builder.elements.url.value.trim()); } catch { preview.hidden = true; return; }
    for (const name of ["source", "medium", "campaign", "term", "content"]) {
      const value = tidy(builder.elements[name].value);
      address.searchParams.delete("utm_" + name);
      if (value) address.searchParams.set("utm_" + name, value);
    }
    preview.textContent = address.href;
    preview.hidden = false;
  };
  builder.addEventListener("input", show);
  show();
}
