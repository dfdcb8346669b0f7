import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const { age, counted, csv, finderOf, health, narrow, plain, shortened, sides, stateWord } =
  await load("words.ts");

test("health is never better than what is known", () => {
  assert.equal(health({ state: "up" }), "good");
  assert.equal(health({ state: "down", status: "ACTIVE" }), "bad");
  assert.equal(health({ state: "up", problems: [{}] }), "degraded");
  assert.equal(health({ state: "up", stale_since: "2026-01-01T00:00:00Z" }), "unknown");
  assert.equal(health({ state: "down", stale_since: "2026-01-01T00:00:00Z" }), "bad");
  assert.equal(health({ state: "a new word" }), "unknown");
  assert.equal(health({}), "unknown");
});

test("the state comes before the status", () => {
  assert.equal(stateWord({ state: "down", status: "ACTIVE" }), "down");
  assert.equal(stateWord({ state: {}, status: "ACTIVE" }), "ACTIVE");
});

test("an age has one unit and is never negative", () => {
  const now = Date.UTC(2026, 0, 2);
  assert.equal(age(now - 5_000, now), "5 s");
  assert.equal(age(now - 61_000, now), "1 min");
  assert.equal(age(now - 26 * 3_600_000, now), "26 h");
  assert.equal(age(now - 72 * 3_600_000, now), "3 d");
  assert.equal(age(now + 5_000, now), "0 s");
  assert.equal(age("nonsense", now), "not known");
});

test("what found a problem is its finder or fetcher", () => {
  assert.equal(finderOf({ finder: "FindLinksForVnics" }), "FindLinksForVnics");
  assert.equal(finderOf({ scanner: "ScanHost", fetcher: "Taps", parent_id: "h1" }), "Taps");
  assert.equal(finderOf(undefined), "");
});

test("a change has two sides, also when one is empty or not there", () => {
  assert.equal(sides({ old: "up", new: "down" }), "up → down");
  assert.equal(sides({ new: 7 }), "(none) → 7");
  assert.equal(sides({ old: [1, "a"] }), '[1,"a"] → (none)');
  assert.equal(sides({ old: "", new: null }), "(empty) → null");
});

test("nothing in a name is unseen", () => {
  assert.equal(plain("a\u202eb\u0000c"), "a\\u202eb\\u0000c");
  assert.equal(plain(null), "");
});

test("a shortened name keeps both ends", () => {
  assert.equal(shortened("compute-00001-tap8a0382a0-5b", 17), "compute-…382a0-5b");
  assert.equal(shortened("short", 17), "short");
});

test("a table is safe for a spreadsheet", () => {
  assert.equal(csv(["a"], [['=1+1"']]), '"a"\r\n"\'=1+1"""\r\n');
});

test("the MTU of a device is compared with that of the network at the end of the way", () => {
  const vnic = { type: "vnic", mtu: 1400 };
  const network = { type: "network", mtu: 1450 };
  assert.deepEqual(narrow([{ type: "instance" }, vnic, { type: "otep", mtu: 1500 }, network]), {
    hop: vnic,
    network,
  });
  assert.equal(narrow([{ type: "vnic", mtu: 1450 }, network]), null);
  assert.equal(narrow([vnic, { type: "network" }]), null);
  assert.equal(narrow([vnic]), null);
  assert.equal(narrow([]), null);
});

test("a number has its word in the singular or plural", () => {
  const told = [0, 1, 2].map((one) => counted(one, "error"));
  assert.deepEqual(told, ["0 errors", "1 error", "2 errors"]);
});
