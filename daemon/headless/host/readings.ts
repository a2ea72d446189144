/** What was read of a host, before anybody makes sense of it: texts by the path that they have on the host. */

/** A module's folder in /sys/module: texts of its files by their path inside it (`coresize`, `sections/.text`). */
export interface SysModule {
  readonly files: ReadonlyMap<string, string>;
  /** Names in `holders/`; undefined where that could not be listed. */
  readonly holders: readonly string[] | undefined;
  /** `notes/.note.gnu.build-id`, as it is. */
  readonly buildIdNote: Uint8Array | undefined;
}

export interface HostReadings {
  /** In front of every path in messages: the captured tree's folder, empty for the host itself. */
  readonly root: string;
  /** `/proc/modules` and so on. */
  readonly files: ReadonlyMap<string, string>;
  /** Why files could not be read, by path. */
  readonly unread: ReadonlyMap<string, string>;
  readonly modules: ReadonlyMap<string, SysModule>;
  readonly trace: { readonly file: string; readonly text: string; readonly clock: string | undefined } | undefined;
  /** A kernel's config file, where one was found. */
  readonly config: { readonly file: string; readonly text: string } | undefined;
  /** Of the running host only: what the system says of itself. */
  readonly host:
    | {
        readonly arch: 'arm64' | 'x86-64' | undefined;
        readonly pageSize: number | undefined;
        /** When the monotonic clock was 0, in milliseconds since 1970. */
        readonly bootedAt: number;
      }
    | undefined;
}

/** What makes a recording impossible: a file that is not what it should be. Names file and line. */
export class HostError extends Error {}
