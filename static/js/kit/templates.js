// What scripts show or say stands in the page as <template id>, in the reader's language.
export const fromTemplate = (id) => document.getElementById(id)?.content.firstElementChild?.cloneNode(true)

export const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "")

export const clockTime = (moment = new Date()) =>
  moment.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
