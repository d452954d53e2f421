// Counts the ticked rows of [data-rows] into [data-chosen], lets [data-check-all] tick them together, [data-clear] none.
document.addEventListener("change", (event) => {
  const list = event.target.closest("[data-rows]")
  if (!list || !event.target.matches("[type=checkbox]")) return

  const boxes = [...list.querySelectorAll("[data-row] [type=checkbox]")]
  const master = list.querySelector("[data-check-all]")
  if (event.target === master) for (const box of boxes) box.checked = master.checked

  const chosen = boxes.filter((box) => box.checked).length
  if (master) {
    master.checked = boxes.length > 0 && chosen === boxes.length
    master.indeterminate = chosen > 0 && chosen < boxes.length
  }
  for (const place of list.querySelectorAll("[data-chosen]")) place.textContent = chosen
})

const untick = () => {
  for (const box of document.querySelectorAll("[data-rows] [type=checkbox]:checked")) {
    box.checked = false
    box.dispatchEvent(new Event("change", { bubbles: true }))
  }
}

document.addEventListener("click", (event) => event.target.closest("[data-clear]") && untick())
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open], [popover]:popover-open")) untick()
})
