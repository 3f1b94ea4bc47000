package buildkit

import (
	"context"
	"fmt"
	"hash/fnv"
	"path"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/buildkit/builder"
)

// inRealm gives the steps of a build a cache of their own. What enters a key but
// no result is changed: a command also takes an exit code for success that no
// process can have, a file operation also removes a file that is not there, and the
// contents of cache mounts are kept under other names. So the daemon finds the results of
// the same realm as it finds any, those read by content too, and no others; and no
// other build finds them.
func inRealm(def *llb.Definition, realm string) (*llb.Definition, error) {
	out := &llb.Definition{
		Metadata: map[digest.Digest]llb.OpMetadata{}, Constraints: def.Constraints,
	}
	renamed := map[digest.Digest]digest.Digest{}
	for _, dt := range def.Def {
		op := &pb.Op{}
		if err := op.UnmarshalVT(dt); err != nil {
			return nil, fmt.Errorf("reading the build's graph: %w", err)
		}
		for _, in := range op.Inputs {
			d, ok := renamed[digest.Digest(in.Digest)]
			if !ok {
				return nil, fmt.Errorf("reading the build's graph: an operation uses a later one")
			}
			in.Digest = d.String()
		}
		switch x := op.Op.(type) {
		case *pb.Op_Exec:
			commandInRealm(x.Exec, realm)
		case *pb.Op_File:
			filesInRealm(x.File, len(op.Inputs), realm)
		}
		changed, err := op.Marshal() // as the daemon does, so that digests are the same
		if err != nil {
			return nil, fmt.Errorf("changing the build's graph: %w", err)
		}
		old, d := digest.FromBytes(dt), digest.FromBytes(changed)
		renamed[old] = d
		out.Def = append(out.Def, changed)
		if md, ok := def.Metadata[old]; ok {
			out.Metadata[d] = md
		}
	}
	if def.Source != nil {
		out.Source = &pb.Source{Infos: def.Source.Infos, Locations: map[string]*pb.Locations{}}
		for old, at := range def.Source.Locations {
			if d, ok := renamed[digest.Digest(old)]; ok {
				out.Source.Locations[d.String()] = at
			}
		}
	}
	return out, nil
}

// Forget removes the cache mounts of the trials whose realms start with a text. Their
// results stay until the builder collects its garbage, as those of any build.
func Forget(ctx context.Context, on *builder.Builder, realm string) error {
	removed := make(chan client.UsageInfo)
	go func() {
		for range removed { // nobody asks which
		}
	}()
	defer close(removed)
	mounts := client.WithFilter([]string{
		fmt.Sprintf("type==%s,description~=%q", client.UsageRecordTypeCacheMount, mountsOf(realm)),
	})
	for try := 1; ; try++ {
		if err := on.Client.Prune(ctx, removed, client.PruneAll, mounts); err != nil {
			return fmt.Errorf("removing the cache mounts of trials: %w", err)
		}
		// What was interrupted holds its own for a moment longer.
		left, err := on.Client.DiskUsage(ctx, mounts)
		if err != nil || len(left) == 0 || try == forgetTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(forgetPause):
		}
	}
}

// For so long Forget waits for commands that were interrupted.
const (
	forgetTries = 20
	forgetPause = 200 * time.Millisecond
)

// mountsOf is what the names of a realm's cache mounts start with.
func mountsOf(realm string) string { return "/layercause/" + realm }

// highExit is above what a process can end with, which is a byte.
const highExit = 1 << 16

func commandInRealm(e *pb.ExecOp, realm string) {
	h := fnv.New32a()
	h.Write([]byte(realm))
	if len(e.Meta.ValidExitCodes) == 0 {
		e.Meta.ValidExitCodes = []int32{0}
	}
	e.Meta.ValidExitCodes = append(e.Meta.ValidExitCodes, int32(highExit+h.Sum32()%(1<<30)))
	for _, m := range e.Mounts {
		if m.CacheOpt != nil {
			m.CacheOpt.ID = path.Join(mountsOf(realm), m.CacheOpt.ID)
		}
	}
}

// filesInRealm removes, of each result, what is not there. Actions are numbered
// after the operation's inputs.
func filesInRealm(f *pb.FileOp, inputs int, realm string) {
	for i := range f.Actions {
		out := f.Actions[i].Output
		if out < 0 {
			continue
		}
		f.Actions[i].Output = -1
		f.Actions = append(f.Actions, &pb.FileAction{
			Input: int64(inputs + i), SecondaryInput: -1, Output: out,
			Action: &pb.FileAction_Rm{Rm: &pb.FileActionRm{Path: "/.layercause-" + realm, AllowNotFound: true}},
		})
	}
}
