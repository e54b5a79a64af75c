/** `belfry/testing`: the contract suite for a channel type of one's own. Its public types are in assets/testing.d.ts. */
export * from './testing/index.ts';
