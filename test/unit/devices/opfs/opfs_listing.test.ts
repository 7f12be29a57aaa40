import { expect, test } from "vitest";
import { filesIn } from "../../../../src/devices/opfs/opfs_listing.ts";
import { installFakeStorage } from "./fake_storage.ts";

const root = installFakeStorage();

test("files of a folder are listed in order, without folders", async () => {
  const disks = await root.getDirectoryHandle("disks", { create: true });
  const mine = await disks.getDirectoryHandle("mine", { create: true });
  await mine.getDirectoryHandle("folder", { create: true });
  for (const name of ["b", "a"]) await mine.getFileHandle(name, { create: true });
  expect(await filesIn("disks/mine")).toEqual(["a", "b"]);
});

test("a folder that is not there has no files", async () => {
  expect(await filesIn("nothing/here")).toEqual([]);
});

test("what the browser refuses is refused with its reason", async () => {
  await root.getFileHandle("file", { create: true });
  await expect(filesIn("file")).rejects.toMatchObject({
    name: "BlockDeviceError",
    code: "EINVAL",
    device: "file",
  });
});
