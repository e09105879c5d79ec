// What the pages of the tests share.

/** The arguments of the page. */
export const given = Object.fromEntries(new URLSearchParams(location.search));

/** Tells the test something. */
export const tell = (what) => window.tell(JSON.stringify(what));

/** Begins what the test waits for. */
export function begin(script) {
  window.outcome = script();
}

/** Fails unless got is want, whatever the order of its keys. */
export function expect(got, want, where) {
  if (text(got) !== text(want)) throw new Error(`${where}: got ${text(got)}, want ${text(want)}`);
}

const text = (value) => JSON.stringify(value, (_, v) =>
  v !== null && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v);
