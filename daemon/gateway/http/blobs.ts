/** Module files over HTTP. */
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { Sha256Schema } from '../../../protocol/schema.ts';
import { validator } from '../../../protocol/validate.ts';
import { UPLOAD_BYTES } from '../../limits.ts';
import type { BlobStore } from '../../log/blobs.ts';
import { upload } from '../../pipelines/upload.ts';
import { accepted, refused, valid } from './answer.ts';

const closed = { additionalProperties: false };
const params = validator(Type.Object({ sha256: Sha256Schema }, closed), 'blob');
const query = validator(
  Type.Object({ name: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })) }, closed),
  'query',
);

export function blobRoutes(app: FastifyInstance, blobs: BlobStore): void {
  app.post('/blobs', { bodyLimit: UPLOAD_BYTES }, async (request, reply) => {
    const { name = 'the module' } = valid('bad-module', query(request.query));
    if (!Buffer.isBuffer(request.body)) {
      throw refused('bad-module', 'expected a body of type application/octet-stream');
    }
    return reply.code(201).send(accepted(await upload(blobs, request.body, name)));
  });

  app.head('/blobs/:sha256', async (request, reply) => {
    const { sha256 } = valid('no-such-blob', params(request.params));
    return reply.code((await blobs.has(sha256)) ? 200 : 404).send();
  });

  app.get('/blobs/:sha256', { exposeHeadRoute: false }, async (request, reply) => {
    const { sha256 } = valid('no-such-blob', params(request.params));
    const bytes = await blobs.get(sha256);
    if (bytes === undefined) throw refused('no-such-blob', `no module file with sha256 ${sha256} is here`);
    return reply.type('application/octet-stream').send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  });
}
