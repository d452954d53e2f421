// J, K and the arrows move through the [data-row]s of [data-rows]; X ticks the row in hand, Shift+X all since the last.
// Enter opens it, for the focus is on its link, and so does O. Escape (select.js) unticks.
import { isTyping, keysAreFree } from "./kit/keys.js"

let lastTicked = 0

document.addEventListener("keydown", (event) => {
  const list = document.querySelector("[data-rows]")
  if (!list) return
  const isArrow = event.key.startsWith("Arrow") && list.contains(event.target) && !isTyping(event.target)
  if (!isArrow && !keysAreFree(event)) return

  const rows = [...list.querySelectorAll("[data-row]")]
  const here = rows.findIndex((row) => row.matches(".is-here"))
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key]
  if (step && rows.length) {
    event.preventDefault()
    take(rows, here, Math.min(Math.max(here + step, 0), rows.length - 1))
  }
  if (event.key.toLowerCase() === "o" && !event.repeat) rows[here]?.querySelector("a").click()
  if (event.key.toLowerCase() === "x" && here >= 0) tick(rows, here, event.shiftKey)
})

document.addEventListener("focusin", ({ target }) => {
  const row = target.closest("[data-row]")
  if (!row || row.matches(".is-here")) return
  row.closest("[data-rows]")?.querySelector(".is-here")?.classList.remove("is-here")
  row.classList.add("is-here")
})

function take(rows, from, to) {
  rows[from]?.classList.remove("is-here")
  rows[to].classList.add("is-here")
  rows[to].querySelector("a")?.focus()
  rows[to].scrollIntoView({ block: "nearest" })
}

function tick(rows, here, asRange) {
  const from = asRange ? Math.min(lastTicked, here) : here
  const to = asRange ? Math.max(lastTicked, here) : here
  for (const row of rows.slice(from, to + 1)) {
    const box = row.querySelector("[type=checkbox]")
    if (box && (!asRange || !box.checked)) box.click()
  }
  lastTicked = here
}
