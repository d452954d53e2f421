// The board: a card is dragged to another column, or moved there by Shift and an arrow; arrows alone go from card to
// card. A column where tickets wait asks for what. While a card is in the air the board is not drawn anew.
import { keysAreFree } from "./kit/keys.js"

let lifted // the card in the air
let moved = "" // the key of the one that was moved last, which keeps the focus
let offered // the key of the one whose menu was opened last

const boardOf = (element) => element?.closest?.("[data-board]")
const columnOf = (element) => element?.closest?.("[data-column]")
const cardOf = (element) => element?.closest?.("[data-key-of]")
const takes = (column, card) => column.dataset.from.split(" ").includes(card.dataset.status)
const focusOn = (card) => card?.querySelector("a").focus()

function move(card, column) {
  if (takes(column, card) && "asks" in column.dataset) return openMenu(card, column.dataset.column)
  moved = card.dataset.keyOf
  const values = { to: column.dataset.column, from: card.dataset.status }
  htmx.ajax("POST", card.dataset.move, { source: card, swap: "none", values })
}

function openMenu(card, to = "") {
  const menu = document.querySelector("#card-menu")
  offered = card.dataset.keyOf
  const address = to ? `${card.dataset.move}?${new URLSearchParams({ to })}` : card.dataset.move
  htmx.ajax("GET", address, { source: menu, target: menu, swap: "innerHTML" }).then(() => {
    const { left, bottom } = card.getBoundingClientRect()
    menu.showPopover()
    menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`
    menu.style.top = `${Math.max(8, Math.min(bottom + 4, innerHeight - menu.offsetHeight - 8))}px`
    menu.querySelector("select, button")?.focus()
  })
}

function land() {
  for (const each of document.querySelectorAll(".column")) each.classList.remove("is-over", "is-refusing")
  lifted?.classList.remove("is-lifted")
  lifted = undefined
}

document.addEventListener("dragstart", (event) => {
  const card = cardOf(event.target)
  if (!card || !boardOf(card)) return
  lifted = card
  event.dataTransfer.setData("text/plain", card.dataset.keyOf)
  event.dataTransfer.effectAllowed = "move"
  card.classList.add("is-lifted")
  for (const column of boardOf(card).querySelectorAll("[data-column]"))
    column.classList.toggle("is-refusing", column !== columnOf(card) && !takes(column, card))
})

document.addEventListener("dragover", (event) => {
  const column = lifted && columnOf(event.target)
  for (const each of document.querySelectorAll(".column.is-over")) each.classList.toggle("is-over", each === column)
  if (!column || column === columnOf(lifted) || !takes(column, lifted)) return
  event.preventDefault()
  column.classList.add("is-over")
})

document.addEventListener("drop", (event) => {
  const column = lifted && columnOf(event.target)
  if (!column) return
  event.preventDefault()
  const card = lifted
  land()
  if (column !== columnOf(card)) move(card, column)
})
document.addEventListener("dragend", land)

document.addEventListener("keydown", (event) => {
  const card = cardOf(event.target)
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
  if (!step || !boardOf(card) || !keysAreFree(event)) return
  event.preventDefault()
  const columns = [...boardOf(card).querySelectorAll("[data-column]")]
  const here = columns.indexOf(columnOf(card))
  if (event.shiftKey) {
    const next = columns[here + step]
    if (next) move(card, next)
    return
  }
  const filled = columns.filter((column) => column.querySelector("[data-key-of]"))
  const next = filled[filled.indexOf(columns[here]) + step]
  const place = [...columns[here].querySelectorAll("[data-key-of]")].indexOf(card)
  const cards = [...(next?.querySelectorAll("[data-key-of]") ?? [])]
  focusOn(cards[Math.min(place, cards.length - 1)])
})

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-card-menu]")
  if (!button || event.ctrlKey || event.metaKey) return
  event.preventDefault()
  openMenu(cardOf(button))
})

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail
  if (lifted && elt.matches("[data-board]")) event.preventDefault()
  if (elt.closest("#card-menu") && requestConfig.verb === "post") moved = offered
})

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!moved || !detail.elt.matches("[data-board]")) return
  const card = document.querySelector(`[data-key-of="${CSS.escape(moved)}"]`)
  moved = ""
  if (document.activeElement === document.body || boardOf(document.activeElement)) focusOn(card)
})
