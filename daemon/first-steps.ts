/** What to try first, as the daemon says it when it starts and on its page. */

/** Where the command line looks for a daemon that nobody names. */
const DEFAULT_HOSTS = ['127.0.0.1:7077', 'localhost:7077'];

/** Commands in columns, a line each. `demo`: whether there is a machine `demo`. */
export function firstSteps(url: string, demo: boolean): readonly string[] {
  const at = DEFAULT_HOSTS.includes(new URL(url).host) ? '' : ` --url ${url}`;
  const steps = [
    ...(demo
      ? [
          ['watch -m demo', 'a recorded session, as it is replayed'],
          ['map -m demo', 'where its modules are'],
        ]
      : []),
    ['boot m1', 'a machine of your own'],
    ['load -m m1 FILE.ko', 'an arm64 module: .ko, .ko.gz, .ko.xz or .ko.zst'],
  ].map(([command, what]) => [`npm run -s veneer -- ${command}${at}`, what] as const);
  const width = Math.max(...steps.map(([command]) => command.length));
  return steps.map(([command, what]) => `${command.padEnd(width)}  # ${what}`);
}
