// Debian's Chromium, quiet: it asks nothing of any network by itself.
import { chromium } from "playwright-core";

const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launch = (...more) => chromium.launch({ executablePath: "/usr/bin/chromium", args: [...QUIET, ...more] });
