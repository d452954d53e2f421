// A key, or two in a row ("g h"), presses the [data-key] of that name; fields get the focus instead.
import { isInReach, isTyping, keysAreFree } from "./kit/keys.js"

let first = ""
let forgetting

const nameOf = ({ key }) => (key === " " ? "space" : key.toLowerCase())
// Space presses what has the focus, and scrolls what is read.
const isTaken = ({ key, target }) => key === " " && target.closest?.("button, summary, input, [data-reads]")

// The page's own field comes before what opens one.
function named(name) {
  const all = [...document.querySelectorAll(`[data-key="${CSS.escape(name)}"]`)].filter(isInReach)
  return all.find(isTyping) ?? all[0]
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isTyping(event.target)) return event.target.blur()
  if (event.defaultPrevented || event.repeat || isTaken(event) || !keysAreFree(event)) return

  const pressed = nameOf(event)
  const target = (first && named(`${first} ${pressed}`)) || named(pressed)
  clearTimeout(forgetting)
  first = !target && document.querySelector(`[data-key^="${CSS.escape(pressed)} "]`) ? pressed : ""
  forgetting = setTimeout(() => (first = ""), 1200)
  if (!target) return

  event.preventDefault()
  if (isTyping(target)) target.focus()
  else target.click()
})
