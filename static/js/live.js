// Tells every [data-topic] when one of its topics has news, as the DOM event `news`, on which it fetches itself anew.
// One stream for the tab that is looked at; where streams are refused, break or yield to newer pages of the same
// person, everything is asked for every 10 s, and after some minutes a stream is tried again.
// The stream's events are named by topic. When it opens it tells what came since the page, or the part that brought
// new topics, was drawn.
const url = document.body.dataset.live
let stream
let former // the one before, which tells until the stream does
let polling
let trying
let breaks = 0
let followed = ""
let since = document.body.dataset.since // when the oldest part was drawn of which no stream tells yet
const waiting = new WeakMap()

const listeners = () => [...document.querySelectorAll("[data-topic]")]
const topicsOf = (element) => element.dataset.topic.split(" ")
const wanted = () => [...new Set(listeners().flatMap(topicsOf))].sort().join(" ")
const say = (words) => document.querySelector("[data-live-state]")?.replaceChildren(words ?? "")

function tell(topic) {
  for (const element of listeners()) {
    if (topic && !topicsOf(element).includes(topic)) continue
    clearTimeout(waiting.get(element)) // many in a row are one; the delay spreads the browsers
    waiting.set(element, setTimeout(() => element.dispatchEvent(new CustomEvent("news")), 50 + Math.random() * 350))
  }
}

function stop() {
  stream?.close()
  former?.close()
  clearInterval(polling)
  clearTimeout(trying)
  stream = former = polling = trying = undefined
}

function poll() {
  stop()
  polling = setInterval(tell, 10_000)
  trying = setTimeout(() => {
    breaks = 1 // so that what came last is asked for
    follow()
  }, 300_000)
  say(document.querySelector("[data-live-state]")?.dataset.off)
}

function follow() {
  stop()
  followed = wanted()
  if (!followed || document.visibilityState !== "visible") return
  if (breaks >= 3) return poll()

  const query = new URLSearchParams(followed.split(" ").map((topic) => ["topics", topic]))
  if (since != null) query.set("since", since)
  const opening = new EventSource(`${url}?${query}`)
  stream = opening
  stream.addEventListener("open", () => {
    if (breaks) tell() // what came in between
    breaks = 0
    if (stream === opening) since = null
    say()
  })
  stream.addEventListener("error", () => {
    breaks += 1
    if (breaks >= 3 || stream?.readyState === EventSource.CLOSED) poll() // closed: a 204, or a refusal
  })
  stream.addEventListener("enough", poll)
  for (const topic of followed.split(" ")) stream.addEventListener(topic, () => tell(topic))
}

// Where other topics are wanted no news fall in between.
function change() {
  const before = stream
  stream = undefined
  follow()
  former = before
  if (stream) stream.addEventListener("open", () => before?.close())
  else before?.close()
}

if (url) {
  follow()
  document.addEventListener("visibilitychange", () => {
    breaks = 1 // so that it is asked once more where the stream opens late
    follow()
    if (document.visibilityState === "visible") tell() // what came while nobody looked
  })
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.triggeringEvent?.type === "news") detail.headers["X-Unattended"] = "1" // nobody may be there
  })
  addEventListener("pagehide", stop)
  addEventListener("pageshow", (event) => event.persisted && follow())
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (wanted() === followed) return
    since ??= detail.xhr?.getResponseHeader("X-Live-Since")
    change()
  })
}
