/** Which Redis is too old: 6.2 brought XADD NOMKSTREAM and exclusive ranges, which the log is built on. */
const OLDEST = [6, 2] as const;

/** The version that INFO names, if it is too old. What names none is taken as it is. */
export function tooOld(info: string): string | undefined {
  const [, version, major, minor] = /redis_version:((\d+)\.(\d+)\S*)/.exec(info) ?? [];
  const old = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
  return old ? version : undefined;
}
