import { readdirSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import { cowdisk, Folder } from "../session.ts";

commandClauses({
  name: "create",
  words: ["new.img", "4K"],
  inputs: [],
  untouched: ["disk.img", "snap.cow"],
  isLenient: true,
  makes: "new.img",
});

test("the image is zeroes, and takes no room", async () => {
  const folder = new Folder();
  const image = folder.path("new.img");
  const ending = await cowdisk(["create", image, "1G"]);
  expect(ending).toEqual({ code: 0, err: "", out: `${image}: 1 GiB of zeroes\n` });
  const { size, blocks } = statSync(image);
  expect([size, blocks]).toEqual([2 ** 30, 0]);
});

test.for(["0", "513", "x", "-1", "9999999P"])(
  "%s is no size, and nothing is made",
  async (size) => {
    const folder = new Folder();
    const ending = await cowdisk(["create", folder.path("new.img"), "--", size]);
    expectRefusal(ending, 2, /argument value '.*' is invalid for argument 'SIZE'\. Want a/);
    expect(readdirSync(folder.path(""))).toEqual([]);
  },
);
