// A key, or two in a row ("g h"), presses the [data-key] of that name; fields get the focus instead.
import { isInReach, isTyping, keysAreFree } from "./kit/keys.js"

let first = ""
let forgetting

const named = (name) => [...document.querySelectorAll(`[data-key="${CSS.escape(name)}"]`)].find(isInReach)

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isTyping(event.target)) return event.target.blur()
  if (event.defaultPrevented || event.repeat || !keysAreFree(event)) return

  const pressed = event.key.toLowerCase()
  const target = (first && named(`${first} ${pressed}`)) || named(pressed)
  clearTimeout(forgetting)
  first = !target && document.querySelector(`[data-key^="${CSS.escape(pressed)} "]`) ? pressed : ""
  forgetting = setTimeout(() => (first = ""), 1200)
  if (!target) return

  event.preventDefault()
  if (isTyping(target)) target.focus()
  else target.click()
})
