// "5 minutes ago" for what is younger than an hour; older things keep the words of the server.
const HOUR = 3_600_000;
const MINUTE = 60_000;
const language = document.documentElement.lang || "de";
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

function refresh(root) {
  for (const time of root.querySelectorAll("time[data-ago]")) {
    const age = Date.now() - Date.parse(time.dateTime);
    if (time.dataset.said === undefined) time.dataset.said = time.textContent;
    const young = age >= 0 && age < HOUR;
    const minutes = Math.floor(age / MINUTE);
    if (!young) time.textContent = time.dataset.said;
    else time.textContent = minutes ? relative.format(-minutes, "minute") : relative.format(0, "second"); // "now", not "this minute"
  }
}

let ticking = false;

export function keepAgoFresh(root) {
  refresh(root);
  if (!ticking) setInterval(() => refresh(document), MINUTE);
  ticking = true;
}
