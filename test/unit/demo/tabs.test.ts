/** Which tab an address names. */
import { expect, test } from "vitest";
import { tabOf } from "../../../demo/view/tabs.ts";

const TABS = { snapshot: undefined, machine: undefined, bench: undefined };

test.each([
  ["", "snapshot"],
  ["#", "snapshot"],
  ["#machine", "machine"],
  ["#bench?what=the+tab+reads", "bench"],
  ["#do=write+origin+1~machine", "snapshot"],
  ["#nowhere", "snapshot"],
  ["#__proto__", "snapshot"],
  ["#toString", "snapshot"],
])("%s names the tab %s", (hash, tab) => expect(tabOf(hash, TABS)).toBe(tab));
