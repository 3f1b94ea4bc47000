import { app } from "./app.js";

const server = await app();
await server.listen({ host: "0.0.0.0", port: Number(process.env.PORT ?? 3000) });
