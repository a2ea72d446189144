// The page made ahead, for installations that will not have what builds it.
import { pageFolder } from '../bin/page.mjs';

const folder = await pageFolder();
if (folder === undefined) process.exit(1);
console.log(folder);
