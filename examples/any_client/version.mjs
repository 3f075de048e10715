// The installed version of a package, for the line that each script ends with.

import { readFileSync } from "node:fs";

export function versionOf(name) {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}
