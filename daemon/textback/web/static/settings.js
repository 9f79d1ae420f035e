// The count beside each text of the settings, while it is written. The page tells the same without it, when it is saved.
"use strict";

const PLACEHOLDER = /\{([a-z_]+)(?:\|([^{}|]*))?\}/g;

// as template.py does: what is no placeholder stays as it is, and only first_name has a fallback
function filled(text, values, name) {
  return text.replace(PLACEHOLDER, (found, key, fallback) => {
    if (!(key in values) || (fallback !== undefined && key !== "first_name")) return found;
    return key === "first_name" ? name || fallback || "" : values[key];
  });
}

function tellLength(box) {
  const values = JSON.parse(box.dataset.values);
  const limit = Number(box.dataset.limit || 0);
  const count = document.getElementById(`${box.id}-count`);
  const forms = ["", values.first_name].map((name) => filled(box.value, values, name));
  const length = Math.max(...forms.map((form) => [...form].length));
  const parts = Math.max(...forms.map((form) => segments(form).count));
  const over = limit && length > limit ? `, ${length - limit} too many` : "";
  count.textContent = length
    ? `up to ${length}${limit ? ` of ${limit}` : ""} characters${over} · ${parts} segment${parts === 1 ? "" : "s"}`
    : "";
  count.classList.toggle("over", over !== "");
}

for (const box of document.querySelectorAll("textarea[data-values]")) {
  box.addEventListener("input", () => tellLength(box));
  tellLength(box);
}

const tab = document.querySelector(".tabs [aria-current]");
if (tab) tab.scrollIntoView({ inline: "center", block: "nearest" });

// what is wrong is told above; to the first field that it is about
const wrong = document.querySelector("[aria-invalid]");
if (wrong) wrong.focus();
