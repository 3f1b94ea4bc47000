import rateLimit from "@fastify/rate-limit";
import Fastify, { type FastifyInstance } from "fastify";
import { Parcels, scan } from "./parcels.js";

export async function app(): Promise<FastifyInstance> {
  const server = Fastify({ logger: true });
  const parcels = new Parcels();
  await server.register(rateLimit, { max: 100, timeWindow: "1 minute" });

  server.get("/healthz", async () => ({ status: "ok" }));

  server.get<{ Params: { id: string } }>("/parcels/:id", async (request, reply) => {
    const last = parcels.whereIs(request.params.id);
    if (last === undefined) {
      return reply.code(404).send({ error: "no such parcel" });
    }
    return last;
  });

  server.post<{ Params: { id: string } }>("/parcels/:id/scans", async (request, reply) => {
    const parsed = scan.safeParse(request.body);
    if (!parsed.success) {
      return reply.code(400).send({ error: parsed.error.issues });
    }
    parcels.add(request.params.id, parsed.data);
    return reply.code(201).send();
  });

  return server;
}
