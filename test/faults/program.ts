/** The daemon as a process of its own, without a page: what the fault suite kills. */
import { main } from '../../daemon/main.ts';

await main(process.argv.slice(2), async () => undefined);
