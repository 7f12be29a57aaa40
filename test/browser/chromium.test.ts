/** The search for a browser, on machines that are not this one. */
import { expect, test } from "vitest";
import { findChromium, type Surroundings } from "./chromium.ts";

/** A machine with nothing on it, but for what a test puts there. */
function machine(has: Partial<Surroundings>): Surroundings {
  return {
    chosen: undefined,
    find: () => undefined,
    exists: () => false,
    playwrightPath: () => "/nowhere",
    install: () => false,
    ...has,
  };
}

test("the user's choice is taken before all else", () => {
  const around = machine({ chosen: "/mine", exists: () => true, find: (name) => `/usr/${name}` });
  expect(findChromium(around)).toBe("/mine");
});

test("a choice that is not there is refused, not replaced", () => {
  const around = machine({ chosen: "/mine", find: (name) => `/usr/${name}` });
  expect(() => findChromium(around)).toThrow('COWDISK_CHROMIUM is "/mine"');
});

test("the search path comes before the usual places", () => {
  const find = (name: string) => name === "google-chrome" ? "/bin/google-chrome" : undefined;
  expect(findChromium(machine({ find, exists: () => true }))).toBe("/bin/google-chrome");
});

test("a usual place, or playwright's own, will do", () => {
  expect(findChromium(machine({ exists: (path) => path === "/snap/bin/chromium" })))
    .toBe("/snap/bin/chromium");
  expect(findChromium(machine({ exists: (path) => path === "/nowhere" }))).toBe("/nowhere");
});

test("a system that playwright does not know is searched all the same", () => {
  const playwrightPath = () => {
    throw new Error("unsupported");
  };
  const around = machine({ playwrightPath, exists: (path) => path === "/snap/bin/chromium" });
  expect(findChromium(around)).toBe("/snap/bin/chromium");
});

test("on a machine without one it is installed", () => {
  const installed: string[] = [];
  const around = machine({
    find: (name) => installed.includes(name) ? `/usr/bin/${name}` : undefined,
    install: (...names) => installed.push(...names) > 0,
  });
  expect(findChromium(around)).toBe("/usr/bin/chromium");
  expect(installed).toEqual(["chromium"]);
});

test("without any there is an error that says what to do, also if installing did nothing", () => {
  for (const install of [() => false, () => true]) {
    expect(() => findChromium(machine({ install }))).toThrow("COWDISK_CHROMIUM=");
  }
});
