const BROWSERS = [
  [/Edg(e|A|iOS)?\//, "Edge"],
  [/OPR\/|Opera/, "Opera"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/Firefox\/|FxiOS\//, "Firefox"],
  [/Chrome\/|CriOS\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS = [
  [/Android/, "Android"],
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/CrOS/, "ChromeOS"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/Linux/, "Linux"],
];

/** "Firefox on Linux": what the list of sign-ins calls this browser. @param {Navigator} navigator */
export function deviceName({ userAgent, userAgentData }) {
  const system = userAgentData?.platform || nameIn(SYSTEMS, userAgent);
  return [nameIn(BROWSERS, userAgent) ?? "A browser", system].filter(Boolean).join(" on ");
}

function nameIn(names, text) {
  return names.find(([pattern]) => pattern.test(text))?.[1];
}
