// When a single key may act, and on what: never while somebody types, and never when switched off (WCAG 2.1.4).
export const isTyping = (target) =>
  Boolean(target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]"))

export function keysAreFree(event) {
  if (document.body.dataset.shortcuts !== "on") return false
  if (event.ctrlKey || event.metaKey || event.altKey) return event.getModifierState("AltGraph")
  return !isTyping(event.target) && !document.querySelector("dialog[open]")
}

// What one sees, or would see on opening the menu that it is in.
export const isInReach = (element) => element.checkVisibility({ visibilityProperty: true }) || Boolean(element.closest("[popover]"))

// What something is called: a field by its label, a button by its words; small ones name what the others are.
export function labelOf(element) {
  const label = element.ariaLabel || element.labels?.[0]?.textContent
  if (label) return label.trim()
  const copy = element.cloneNode(true)
  for (const aside of copy.querySelectorAll(".key, .keys, .count")) aside.remove()
  for (const name of copy.querySelectorAll("small")) name.append(": ")
  return copy.textContent.trim() || element.title || element.placeholder || ""
}

const CAPS = { escape: "Esc", enter: "↵" }

// data-cap: what is written on a key that has no letter.
export function capsOf(element, holder = document.createElement("span")) {
  holder.className = "keys"
  for (const name of element.dataset.key?.split(" ") ?? []) {
    const cap = document.createElement("kbd")
    cap.className = "key"
    cap.textContent = element.dataset.cap ?? CAPS[name] ?? name.toUpperCase()
    holder.append(cap)
  }
  return holder
}
