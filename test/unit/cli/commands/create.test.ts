import { readdirSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { expectRefusal } from "../command_clauses.ts";
import { cowdisk, Folder } from "../session.ts";

test("the image is zeroes, and takes no room", async () => {
  const folder = new Folder();
  const image = folder.path("new.img");
  const ending = await cowdisk(["create", image, "1G"]);
  expect(ending).toEqual({ code: 0, err: "", out: `${image}: 1 GiB of zeroes\n` });
  const { size, blocks } = statSync(image);
  expect([size, blocks]).toEqual([2 ** 30, 0]);
});

test("what is there is replaced only when forced", async () => {
  const folder = new Folder();
  const image = folder.write("new.img", "precious");
  expectRefusal(await cowdisk(["create", image, "4K"]), 1, /is there already; --force replaces/);
  expect(folder.read("new.img").length).toBe(8);
  expect((await cowdisk(["create", image, "4K", "--force"])).code).toBe(0);
  expect(folder.read("new.img")).toEqual(new Uint8Array(4096));
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
