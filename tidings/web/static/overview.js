// The chart of the overview: draws what the table below it says, and again when that was brought up to date.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("chart"), section = document.getElementById("history");
  const zone = place.dataset.zone;
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "short", day: "numeric", month: "short" });
  let chart = null;

  // The property itself says light-dark(…), which a canvas does not read.
  const colour = (name) => {
    place.style.color = `var(${name})`;
    const found = getComputedStyle(place).color;
    place.style.color = "";
    return found;
  };
  const points = () => JSON.parse(document.getElementById("steps").dataset.points);
  const size = () => ({ width: place.clientWidth - 24, height: 220 });
  const at = (seconds) => new Date(seconds * 1000);
  const written = (seconds) => `${day.format(at(seconds))}, ${clock.format(at(seconds))}`;

  function labels(_, ticks) {
    return ticks.map((tick) => (clock.format(at(tick)) === "00:00" ? day.format(at(tick)) : clock.format(at(tick))));
  }

  function draw() {
    chart?.destroy();
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 }, font: `12px ${getComputedStyle(place).fontFamily}` };
    const line = { stroke: colour("--accent"), fill: colour("--accent-soft"), width: 2, points: { show: false } };
    const refused = { stroke: colour("--error"), width: 1.5, points: { show: false } };
    chart = new uPlot({
      ...size(),
      tzDate: (seconds) => uPlot.tzDate(at(seconds), zone),
      cursor: { drag: { x: false, y: false } },
      scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
      axes: [{ ...axis, values: labels }, { ...axis, size: 56 }],
      series: [
        { label: "From", value: (_, seconds) => (seconds === null ? "–" : written(seconds)) },
        { label: "Events per minute", ...line },
        { label: "Refused per minute", ...refused },
      ],
    }, points(), place);
  }

  draw();
  document.addEventListener("tidings:theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  document.addEventListener("htmx:afterSettle", () => {
    section.hidden = "empty" in document.getElementById("figures").dataset;
    chart.setData(points());
  });
  new ResizeObserver(() => chart.setSize(size())).observe(place);
});
