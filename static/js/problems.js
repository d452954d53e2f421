// Says in #problems when a request failed, keeps what was typed, and offers to send it again.
import { sendAgain } from "./kit/requests.js"
import { fromTemplate } from "./kit/templates.js"

let failed
const place = () => document.getElementById("problems")

function say(template, detail) {
  if (detail.requestConfig?.triggeringEvent?.type === "news") return // asked again by itself
  failed = detail
  place().replaceChildren(fromTemplate(template))
}

// An answer that the server itself wants shown there is no mystery, whatever its status.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr.getResponseHeader("HX-Retarget") !== "#problems") return
  detail.shouldSwap = true
  detail.isError = false
})

document.addEventListener("htmx:sendError", ({ detail }) => say("no-answer", detail))
document.addEventListener("htmx:timeout", ({ detail }) => say("no-answer", detail))
document.addEventListener("htmx:responseError", ({ detail }) => {
  const { status } = detail.xhr
  if (status === 401) return // login-again.js
  say(status >= 500 ? "no-answer" : status === 429 ? "too-fast" : "refused", detail)
})

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.requestConfig.triggeringEvent?.type !== "news" && detail.requestConfig.verb !== "get") place().replaceChildren()
})

document.addEventListener("click", (event) => {
  if (event.target.closest("#problems [data-dismiss]")) event.target.closest(".notice").remove()
  if (!event.target.closest("#problems [data-again]") || !failed) return
  place().replaceChildren()
  sendAgain(failed)
})
