// The pane beside the list follows the row in hand after a pause; of answers that were overtaken it shows none. Its ticket
// stands in the address, and that a pane is wanted is kept in this browser. Where there is no room, the page opens instead.
// Escape closes, once nothing is ticked.
import { isTyping } from "./kit/keys.js"
import { fill } from "./kit/templates.js"

const PAUSE = 120 // milliseconds: whoever walks past a row asks for nothing
const room = matchMedia("(min-width: 68.75rem)") // as in preview.css
let soon
let known // the pane that was there when this last looked

const pane = () => document.getElementById("preview")
const isOpen = () => Boolean(pane() && !pane().hidden)
const wanted = () => pane().dataset.wanted
const keyOf = (row) => row?.id.replace("row-", "")
const rowInHand = () => document.querySelector("[data-rows] [data-row].is-here")
const rowMeant = () => rowInHand() ?? document.querySelector("[data-rows] [data-row]:not([hidden])")

function want(key) {
  clearTimeout(soon)
  delete pane().dataset.pending
  pane().dataset.wanted = key
  const address = new URL(location)
  if (key) address.searchParams.set("preview", key)
  else address.searchParams.delete("preview")
  history.replaceState(history.state, "", address)
}

function show(key) {
  want(key)
  pane().dataset.pending = ""
  htmx.trigger(pane(), "preview")
}

function setOpen(isToBe) {
  pane().hidden = !isToBe
  document.querySelector("[data-previews]").ariaPressed = String(isToBe)
}

function open(row) {
  setOpen(true)
  row.classList.add("is-here")
  show(keyOf(row))
}

function close() {
  const isIn = pane().contains(document.activeElement)
  htmx.trigger(pane(), "htmx:abort")
  want("")
  setOpen(false)
  document.getElementById("previewed").replaceWith(Object.assign(document.createElement("article"), { id: "previewed" }))
  localStorage.removeItem("preview")
  if (isIn) rowMeant()?.querySelector("a").focus()
}

function follow(row) {
  clearTimeout(soon)
  if (isOpen() && row && keyOf(row) !== wanted()) soon = setTimeout(() => isOpen() && show(keyOf(row)), PAUSE)
}

// A list that is new has the pane that its address names, or the one that was wanted before.
function begin() {
  if (pane() === known) return
  known = pane()
  if (!known || !room.matches) return
  if (isOpen()) rowInHand()?.scrollIntoView({ block: "nearest" })
  else if (localStorage.getItem("preview") && rowMeant()) open(rowMeant())
}

begin()

document.addEventListener("click", (event) => {
  if (!pane() || !event.target.closest("[data-previews], [data-preview-closes]")) return
  event.preventDefault()
  if (isOpen()) return close()
  if (!room.matches) return rowMeant().querySelector("a").click()
  localStorage.setItem("preview", "open")
  open(rowMeant())
})

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !isOpen() || isTyping(event.target)) return
  if (document.querySelector("dialog[open], [popover]:popover-open")) return
  const isIn = pane().contains(event.target)
  if (!isIn && document.querySelector("[data-rows] [data-row] :checked")) return
  event.stopImmediatePropagation() // what is ticked stays so
  close()
})

document.addEventListener("focusin", ({ target }) => target.closest("[data-row]") && follow(target.closest("[data-row]")))

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!pane()) return
  if (detail.elt === pane()) detail.path = detail.path.replace("AA-1", wanted())
  const isOfList = detail.boosted && detail.target.id === "main" && !detail.path.includes("layout=")
  if (isOfList && isOpen()) detail.parameters.preview = wanted()
})

// What is shown asks for nothing while another ticket is on its way: it would take its place.
document.addEventListener("htmx:confirm", (event) => {
  if (event.target.id === "previewed" && "pending" in pane().dataset) event.preventDefault()
})

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!pane() || detail.elt !== pane() || !detail.requestConfig.path.includes(`/${wanted()}/`)) return
  delete pane().dataset.pending
  if (!detail.successful) return
  pane().scrollTop = 0
  const said = document.querySelector("[data-preview-said]")
  said.replaceChildren(fill(said.dataset.previewSaid, { key: wanted() }))
})

document.addEventListener("htmx:afterSettle", () => {
  begin()
  follow(rowInHand())
})
