/** Times of commits as people read them, UTC, in every client. */

/** `2018-11-26T13:54:57.000Z`; a time that no calendar has, as a log can hold it, is shown as it is. */
export function moment(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}

/** Of that the time within its day, `13:54:57.000`. */
export function clock(time: number): string {
  const text = moment(time);
  return text.endsWith('Z') ? text.slice(text.indexOf('T') + 1, -1) : text;
}
