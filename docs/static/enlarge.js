// A picture that had to shrink opens in its own size, to be scrolled, when it is clicked; Escape or a click puts it back.
const dialog = document.createElement("dialog");
dialog.className = "enlarged";
let home = null;

function enlarge(picture) {
  home = picture;
  home.style.minHeight = `${home.offsetHeight}px`;
  dialog.append(home.querySelector("svg"));
  dialog.showModal();
}

function fitted(picture) {
  const svg = picture.querySelector("svg");
  return svg.clientWidth >= 0.95 * parseFloat(svg.style.getPropertyValue("--width"));
}

dialog.addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  home.append(dialog.firstChild);
  home.style.minHeight = "";
});
document.body.append(dialog);

for (const picture of document.querySelectorAll(".picture:has(> svg)")) {
  const open = () => picture.classList.contains("small") && enlarge(picture);
  picture.addEventListener("click", open);
  picture.addEventListener("keydown", (event) => event.key === "Enter" && open());
  new ResizeObserver(() => {
    if (dialog.open) return;
    picture.classList.toggle("small", !fitted(picture));
    picture.title = fitted(picture) ? "" : "Click to enlarge";
  }).observe(picture);
}

// A picture of a file of its own opens there, where it also says more under the pointer, which an img does not.
for (const img of document.querySelectorAll('article img[src$=".svg"]')) {
  if (img.closest("a")) continue;
  const link = document.createElement("a");
  link.className = "whole";
  link.href = img.src;
  img.replaceWith(link);
  link.append(img);
  new ResizeObserver(() => link.classList.toggle("small", img.clientWidth < 0.95 * img.naturalWidth)).observe(img);
}
