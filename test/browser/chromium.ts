/**
 * Where Chromium is: named by the user, on this machine already, or installed now.
 *
 * | looked for | |
 * |---|---|
 * | `COWDISK_CHROMIUM` | a path; if it is set nothing else is tried |
 * | the program search path | under every name that Chromium and Chrome go by |
 * | the usual places | where systems put it without a link in the search path |
 * | playwright's own | if someone had it download one |
 * | Debian's package | installed, if this is root on a system with `apt-get` |
 *
 * There is no run without a browser: when all of it fails, an error says what to do.
 *
 * @module
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { chromium } from "playwright";
import { findProgram, installPackages } from "../setup.ts";

const PROGRAM_NAMES = [
  "chromium",
  "chromium-browser",
  "google-chrome-stable",
  "google-chrome",
  "chrome",
];

const USUAL_PLACES = [
  "/usr/lib/chromium/chromium",
  "/usr/lib/chromium-browser/chromium-browser",
  "/opt/google/chrome/chrome",
  "/snap/bin/chromium",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
];

/** What the search stands on. A seam for tests. */
export interface Surroundings {
  /** The user's choice, from the environment. */
  readonly chosen: string | undefined;
  /** Finds a program in the search path. */
  find(name: string): string | undefined;
  /** Whether a file is there. */
  exists(path: string): boolean;
  /** Where playwright would have put its own; may throw where it knows none. */
  playwrightPath(): string;
  /** Installs Debian packages, if that can be done here; says whether it did. */
  install(...names: string[]): boolean;
}

/** This machine: where the search looks unless a test says otherwise. */
export const surroundings: Surroundings = {
  chosen: process.env.COWDISK_CHROMIUM,
  find: findProgram,
  exists: existsSync,
  playwrightPath: () => chromium.executablePath(),
  install: installPackages,
};

function findInstalled({ find, exists, playwrightPath }: Surroundings): string | undefined {
  for (const name of PROGRAM_NAMES) {
    const path = find(name);
    if (path !== undefined) return path;
  }
  const places = [...USUAL_PLACES];
  try {
    places.push(playwrightPath());
  } catch {
    // Playwright has no build for this system; the other places remain.
  }
  return places.find(exists);
}

/**
 * Finds Chromium, and installs it where that is possible and needed.
 *
 * @param around What is asked.
 * @returns The program's path.
 * @throws {Error} When there is none, with what to do about it.
 */
export function findChromium(around: Surroundings = surroundings): string {
  const { chosen, exists, install } = around;
  if (chosen !== undefined && chosen !== "") {
    if (exists(chosen)) return chosen;
    throw new Error(`COWDISK_CHROMIUM is "${chosen}", and no such file is there`);
  }
  const found = findInstalled(around) ?? (install("chromium") ? findInstalled(around) : undefined);
  if (found !== undefined) return found;
  throw new Error(
    "The browser tests need Chromium or Chrome, and none was found: install it " +
      "(Debian: apt-get install chromium), or name it by COWDISK_CHROMIUM=/path/to/chromium",
  );
}

/**
 * What Chromium is started with.
 *
 * @returns Flags. Root has no sandbox: Chromium refuses to start with one.
 */
export function chromiumFlags(): string[] {
  const isRoot = process.getuid?.() === 0;
  // Containers often have a /dev/shm of 64 MiB, in which pages crash.
  return ["--disable-dev-shm-usage", ...(isRoot ? ["--no-sandbox"] : [])];
}
