// Requests besides those of htmx, and sending again one of htmx that did not get through.
export const token = () => JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"]

export const post = (url, fields, headers = {}) =>
  fetch(url, {
    method: "POST",
    headers: { "X-CSRFToken": token(), "X-Requested-With": "fetch", ...headers },
    body: fields instanceof FormData ? fields : new URLSearchParams(fields),
    redirect: "manual",
  })

export function sendAgain({ requestConfig: { elt, triggeringEvent: event } }) {
  if (!elt.isConnected) return
  if (elt.matches("form")) elt.requestSubmit(event?.submitter?.isConnected ? event.submitter : null)
  else htmx.trigger(elt, event?.type ?? "click")
}
