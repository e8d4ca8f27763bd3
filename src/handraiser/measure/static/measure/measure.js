// The filter bar: choosing is asking. Without this script its button does the same.
for (const form of document.querySelectorAll("form.filters")) {
  const period = form.querySelector("[name=period]");
  form.addEventListener("change", (event) => {
    form.toggleAttribute("data-days", period.value === "days");
    const days = [...form.querySelectorAll(".days input")];
    if (period.value === "days" && days.some((day) => !day.value)) return days.find((day) => !day.value).focus();
    if (event.target.type !== "date" || days.every((day) => day.value)) form.requestSubmit();
  });
  form.querySelector("[data-apply]")?.classList.add("vh");
}
