// Fills the sheet of keys when it opens, from what this page has: every [data-key], and the parts that apply here.
// Of two things with one key, that is the page's own field, as in keys.js.
import { capsOf, isInReach, isTyping, labelOf } from "./kit/keys.js"

function line(element) {
  const row = document.createElement("div")
  const word = document.createElement("dt")
  word.textContent = labelOf(element)
  row.append(word, capsOf(element, document.createElement("dd")))
  return row
}

document.addEventListener("dialog:opened", (event) => {
  if (event.target.id !== "shortcuts") return
  const byKey = new Map()
  for (const element of document.querySelectorAll("[data-key]:not([data-key='?'])")) {
    const known = byKey.get(element.dataset.key)
    if (isInReach(element) && (!known || (isTyping(element) && !isTyping(known)))) byKey.set(element.dataset.key, element)
  }
  for (const section of event.target.querySelectorAll("[data-keys-of]")) {
    const isOfPlaces = section.dataset.keysOf === "places"
    const rows = [...byKey.values()].filter((element) => element.matches("[data-place]") === isOfPlaces).map(line)
    section.querySelector("dl").replaceChildren(...rows)
    section.hidden = !rows.length
  }
  for (const section of event.target.querySelectorAll("[data-when]")) {
    section.hidden = !document.querySelector(`#main ${section.dataset.when}`)
  }
})
