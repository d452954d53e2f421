// Says every few seconds, while the page is looked at, that one is at the ticket and whether one writes, and shows in
// [data-presence] who else is there. Nobody counts as there for longer than they say so.
import { post, token } from "./kit/requests.js"

const BEAT = 5000
const PAUSE = 10_000 // without a letter typed: one only looks again
const tab = String(Math.floor(Math.random() * 10))
let typedAt = 0
let writing = "viewing"
let beating

const place = () => document.querySelector("[data-presence]")
const doing = () => (Date.now() - typedAt < PAUSE ? writing : "viewing")

async function beat() {
  const fields = { tab, doing: doing() }
  const answer = await post(place().dataset.presence, fields, { "X-Unattended": "1" }).catch(() => null)
  if (answer?.status !== 200 || !place()) return
  const drawn = (await answer.text()).trim()
  if (drawn !== place().innerHTML.trim()) htmx.swap(place(), drawn, { swapStyle: "innerHTML" }) // else it is said again
}

function leave() {
  clearInterval(beating)
  beating = undefined
  const fields = new URLSearchParams({ tab, doing: "left", csrf_token: token() })
  navigator.sendBeacon(place().dataset.presence, fields)
}

function begin() {
  if (beating || document.visibilityState !== "visible") return
  beating = setInterval(beat, BEAT)
  beat()
}

if (place()) {
  begin()
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? begin() : leave()))
  addEventListener("pagehide", leave)
  addEventListener("pageshow", begin)
  document.addEventListener("input", ({ target }) => {
    const form = target.closest?.(".composer form")
    if (!form) return
    const before = doing()
    typedAt = Date.now()
    writing = form.closest("#panel-note") ? "note" : "reply"
    if (before !== writing) beat()
  })
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (!detail.elt.closest?.(".composer") || detail.requestConfig.verb === "get" || !detail.successful) return
    typedAt = 0
    beat()
  })
}
