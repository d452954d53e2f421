// A line on top of the page for requests that take longer than 150 ms; news fetched behind the scenes show nothing.
let running = 0
let soon

const isQuiet = (detail) => detail.requestConfig?.triggeringEvent?.type === "news"
const line = () => document.querySelector("[data-loading]")

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (isQuiet(detail)) return
  running += 1
  soon ??= setTimeout(() => (line().hidden = false), 150)
})

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (isQuiet(detail)) return
  running = Math.max(running - 1, 0)
  if (running) return
  clearTimeout(soon)
  soon = undefined
  line().hidden = true
})
