// Counts the ticked rows of [data-rows] into [data-chosen], lets [data-check-all] tick them together, [data-clear] none.
// What is ticked stays so when the list fetches itself anew (morph.js); the rows that left it count no more.
import { fill } from "./kit/templates.js"

const boxesOf = (list) => [...list.querySelectorAll("[data-row] [type=checkbox]")]

function say(place, words) {
  if (place.textContent !== words) place.textContent = words
}

function count(list) {
  const boxes = boxesOf(list)
  const number = boxes.filter((box) => box.checked).length
  const master = list.querySelector("[data-check-all]")
  if (master) {
    master.checked = boxes.length > 0 && number === boxes.length
    master.indeterminate = number > 0 && number < boxes.length
  }
  for (const place of list.querySelectorAll("[data-chosen]")) say(place, fill(place.dataset.chosen || "{number}", { number }))
  for (const place of list.querySelectorAll("[data-chosen-said]")) say(place, number ? fill(place.dataset.chosenSaid, { number }) : "")
}

document.addEventListener("change", (event) => {
  const list = event.target.closest("[data-rows]")
  if (!list || !event.target.matches("[type=checkbox]")) return
  if (event.target.matches("[data-check-all]")) for (const box of boxesOf(list)) box.checked = event.target.checked
  count(list)
})

document.addEventListener("htmx:afterSettle", () => {
  for (const list of document.querySelectorAll("[data-rows]:has([data-chosen])")) count(list)
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
