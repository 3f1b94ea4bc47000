import { z } from "zod";

export const scan = z.object({
  place: z.string().min(1).max(80),
  at: z.string().datetime(),
});

export type Scan = z.infer<typeof scan>;

/** Keeps the scans of parcels in memory, the newest last. */
export class Parcels {
  private readonly scans = new Map<string, Scan[]>();

  add(id: string, s: Scan): void {
    const list = this.scans.get(id) ?? [];
    list.push(s);
    list.sort((a, b) => a.at.localeCompare(b.at));
    this.scans.set(id, list);
  }

  whereIs(id: string): Scan | undefined {
    return this.scans.get(id)?.at(-1);
  }
}
