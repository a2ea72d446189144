/** The time of a commit within its day, UTC as everywhere. */

/** `12:03:04.250` */
export const timeText = (time: number): string => new Date(time).toISOString().slice(11, 23);
