import { findingsOf, type FindingSpecs } from '../service/index.ts';

export const sinkFindingSpecs = {
  SINK_HTTP_PLAIN: {
    severity: 'warns',
    meaning:
      'Messages go over the network as they are: whoever is in between can read them. The signature keeps them from being changed, not from being read.',
    remedy: 'use an https address',
  },
  SINK_HTTP_SECRET: {
    severity: 'warns',
    meaning:
      'A secret is so short that it can be found by trying: whoever has seen one request could then sign others.',
    remedy: 'make one of 24 bytes or more, as with echo whsec_$(openssl rand -base64 32)',
  },
  SINK_KAFKA_TOPIC: {
    severity: 'blocks',
    meaning:
      'The topic is not there, or may not be seen by this user. Sluice makes no topics: how many partitions and replicas one has is yours to decide.',
    remedy: 'make the topic {topic}, or name another one in the settings of the sink',
  },
  SINK_NATS_DEDUP: {
    severity: 'warns',
    meaning:
      'The stream forgets message ids before the time that the settings ask for. What is sent again after a longer outage is then stored twice.',
    remedy: 'run nats stream edit {stream} --dupe-window {window}',
  },
  SINK_NATS_JETSTREAM: {
    severity: 'blocks',
    meaning: 'The server has no JetStream, or not for this account: nothing would be kept.',
    remedy: 'start the server with JetStream (nats-server -js), or enable it for the account',
  },
  SINK_NATS_MEMORY: {
    severity: 'warns',
    meaning:
      'The stream keeps its messages in memory: a restart of its servers loses what was acknowledged.',
    remedy: 'make {stream} anew with file storage',
  },
  SINK_NATS_NO_ACK: {
    severity: 'blocks',
    meaning: 'The stream does not acknowledge: nobody would know what it has stored.',
    remedy: 'run nats stream edit {stream} --ack',
  },
  SINK_NATS_STREAM: {
    severity: 'blocks',
    meaning: 'The stream is not there, or may not be seen by this user.',
    remedy:
      'run nats stream add {stream} --subjects "{subjects}" --storage file --dupe-window {window}, or name another one',
  },
  SINK_NATS_SUBJECT: {
    severity: 'blocks',
    meaning: 'The stream takes none of the subjects that the sink writes to.',
    remedy: 'run nats stream edit {stream} --subjects "{subjects}", or set another subject',
  },
  SINK_NATS_SUBJECT_PART: {
    severity: 'warns',
    meaning:
      'The stream takes only some of the subjects that the sink may write to. A message for another one is waited with until the stream takes it.',
    remedy: 'run nats stream edit {stream} --subjects "{subjects}" if others are to come',
  },
  SINK_QUEUE_MISSING: {
    severity: 'blocks',
    meaning: 'The database has no such queue. Sluice makes none for a sink.',
    remedy: 'run sluice queue create {queue} --db URL, or name another one',
  },
  SINK_QUEUE_RIGHTS: {
    severity: 'blocks',
    meaning: 'The user may not insert events into queues of this database.',
    remedy: 'run GRANT pgq_writer TO {user}',
  },
  SINK_QUEUE_SCHEMA: {
    severity: 'blocks',
    meaning:
      "The database does not have Sluice's schema pgq. The original extension has nothing that a message would be known again by.",
    remedy:
      'run sluice queue install --db URL: it makes schema pgq, or takes over the original with all that is in it',
  },
} as const satisfies FindingSpecs;

export const sinkFinding = findingsOf(sinkFindingSpecs);
