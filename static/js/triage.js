// In the inbox, a key decides on the row in hand ([data-row-key] of it, or beside the list), or on the first one. What was decided leaves,
// and the next row is in hand. A colleague's decision takes a row away too: the one behind it is in hand then.
import { keysAreFree } from "./kit/keys.js"

let places = []
let wasIn = false

const list = () => document.querySelector("[data-rows]:has([data-row-key])")
const rowsOf = (place) => [...(place?.querySelectorAll("[data-row]") ?? [])]
const rowAt = (path) => document.getElementById(`row-${new URL(path, location.href).pathname.split("/")[2]}`)
const take = (row) => row?.querySelector("a")?.focus()

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat || !keysAreFree(event)) return
  if (event.shiftKey && /^[a-z]$/i.test(event.key)) return // signs such as "!" need it
  const row = list()?.querySelector("[data-row].is-here") ?? rowsOf(list())[0]
  const pressed = row?.querySelector(`[data-row-key="${CSS.escape(event.key.toLowerCase())}"]`)
  if (!pressed || row.hasAttribute("data-leaving")) return
  event.preventDefault()
  take(row)
  pressed.click()
})

// Without a script the button sends the form that it names.
document.addEventListener("click", (event) => {
  const source = event.target.closest("button[data-row-key]")
  if (!source) return
  event.preventDefault()
  htmx.ajax("POST", source.formAction, { source, swap: "none" })
})

document.addEventListener("htmx:beforeRequest", ({ detail: { elt, requestConfig } }) => {
  if (elt.matches("button[data-row-key]")) rowAt(requestConfig.path)?.setAttribute("data-leaving", "")
})

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { elt, verb, path } = detail.requestConfig
  const isAsked = elt.closest("#decide")
  if (elt.matches("[data-opens=decide]") && !detail.successful) document.getElementById("decide")?.close()
  if (verb === "get" || !(isAsked || elt.matches("[data-row-key]")) || !list()) return
  const row = rowAt(path)
  row?.removeAttribute("data-leaving")
  if (detail.successful) leave(row)
  if (detail.successful || !isAsked) list()?.dispatchEvent(new CustomEvent("news"))
})

document.addEventListener("dialog:opened", ({ target }) => {
  if (target.id === "decide") target.replaceChildren()
})

function leave(row) {
  const rows = rowsOf(list())
  const here = rows.indexOf(row)
  const next = rows[here + 1] ?? rows[here - 1]
  if (next) take(next)
  row?.setAttribute("data-leaving", "")
  row?.setAttribute("hidden", "")
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.target.matches?.("[data-rows]:has([data-row-key])")) return
  const rows = rowsOf(detail.target)
  const here = rows.findIndex((row) => row.matches(".is-here"))
  wasIn = detail.target.contains(document.activeElement) || document.activeElement === document.body
  places = here < 0 ? [] : [...rows.slice(here), ...rows.slice(0, here).reverse()].map((row) => row.id)
})

document.addEventListener("htmx:afterSettle", () => {
  if (!places.length) return
  const left = places.map((id) => document.getElementById(id)).find((row) => row && !row.hidden)
  places = []
  if (!left || document.querySelector("[data-rows] .is-here")) return
  if (wasIn) take(left)
  else left.classList.add("is-here")
})
