package buildkit

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/llbsolver/ops"
	"github.com/moby/buildkit/solver/pb"

	"github.com/layercause/layercause/internal/record"
)

// cacheMap is what BuildKit's own code says of an operation's key; nil for
// sources, whose key is what they resolved to.
func cacheMap(ctx context.Context, v *vertex) (*solver.CacheMap, error) {
	var op interface {
		CacheMap(context.Context, solver.JobContext, int) (*solver.CacheMap, bool, error)
	}
	var err error
	switch x := v.op.Op.(type) {
	case *pb.Op_Exec:
		op, err = ops.NewExecOp(v, x, v.op.Platform, nil, nil, nil, nil, nil, nil, false)
	case *pb.Op_File:
		op, err = ops.NewFileOp(v, x, nil, nil, nil)
	case *pb.Op_Merge:
		op, err = ops.NewMergeOp(v, x, nil)
	case *pb.Op_Diff:
		op, err = ops.NewDiffOp(v, x, nil)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cm, _, err := op.CacheMap(ctx, nil, 0)
	return cm, err
}

// parts takes an operation's own key apart. Values that may come from a build
// arg enter as keyed digests only.
func parts(v *vertex, cm *solver.CacheMap, salt record.Salt) []record.Part {
	var out []record.Part
	add := func(name string, value any) {
		out = append(out, record.Part{Name: name, Digest: digestOf(salt, value)})
	}
	switch x := v.op.Op.(type) {
	case *pb.Op_Exec:
		e := x.Exec.CloneVT()
		m := e.Meta
		add("args", m.Args)
		names := make([]string, len(m.Env))
		for i, kv := range m.Env {
			name, value, _ := strings.Cut(kv, "=")
			names[i] = name
			out = append(out, record.Part{Name: "env:" + name, Digest: salt.Digest("env", name, value)})
		}
		add("env-order", names)
		add("cwd", m.Cwd)
		add("user", m.User)
		add("network", e.Network)
		add("security", e.Security)
		add("secret-env", e.Secretenv)
		own := 0
		for _, mnt := range e.Mounts {
			if mnt.MountType == pb.MountType_TMPFS && mnt.Dest == "/dev/shm" {
				add("shm", keyedMount(mnt)) // as a rule the build's --shm-size
				continue
			}
			add(fmt.Sprintf("mount:%d", own), keyedMount(mnt))
			own++
		}
		m.Args, m.Env, m.Cwd, m.User, m.ProxyEnv = nil, nil, "", "", nil
		for _, h := range m.ExtraHosts {
			h.IP = ""
		}
		add("limits", m) // hosts, ulimits, hostname, cgroup and the rest
		if p := v.op.Platform; p != nil {
			out = append(out, record.Part{Name: "platform", Digest: digestOf(salt, p), Text: v.platform})
		}
	case *pb.Op_File:
		for i, a := range x.File.Actions {
			for name, value := range actionParts(a) {
				add(fmt.Sprintf("action:%d:%s", i, name), value)
			}
		}
		slices.SortFunc(out, func(a, b record.Part) int { return cmp.Compare(a.Name, b.Name) })
	}
	sel := selectors(v)
	for i := range v.inputs {
		// Of what is selected only the base name is part of the operation.
		if list := sel[i]; cm != nil && i < len(cm.Deps) && cm.Deps[i].ComputeDigestFunc != nil {
			add(fmt.Sprintf("select:%d", i), list)
		}
	}
	if cm != nil {
		out = append(out, record.Part{Name: "op", Digest: salt.Digest("op", cm.Digest.String())})
	} else if v.op.GetSource() == nil {
		add("op", v.op)
	}
	return out
}

// actionParts takes a file action apart by what sets it: where it writes (WORKDIR
// and the arguments), for whom (USER and --chown), with which time
// (SOURCE_DATE_EPOCH), and the rest. Which inputs it has is left out: that is
// what it is laid on and not what it does.
func actionParts(a *pb.FileAction) map[string]any {
	switch x := a.CloneVT().Action.(type) {
	case *pb.FileAction_Copy:
		c := x.Copy
		out := map[string]any{"path": c.Dest, "owner": c.Owner, "time": c.Timestamp}
		// The source is compared as what it selects.
		c.Src, c.Dest, c.Owner, c.Timestamp = path.Base(c.Src), "", nil, 0
		out["what"] = c
		return out
	case *pb.FileAction_Mkdir:
		m := x.Mkdir
		out := map[string]any{"path": m.Path, "owner": m.Owner, "time": m.Timestamp}
		m.Path, m.Owner, m.Timestamp = "", nil, 0
		out["what"] = m
		return out
	case *pb.FileAction_Mkfile:
		m := x.Mkfile
		out := map[string]any{"path": m.Path, "owner": m.Owner, "time": m.Timestamp}
		m.Path, m.Owner, m.Timestamp = "", nil, 0
		out["what"] = m
		return out
	default:
		return map[string]any{"what": x}
	}
}

// keyedMount leaves out what BuildKit leaves out of the key: the content of
// what is mounted, and the names of caches.
func keyedMount(m *pb.Mount) *pb.Mount {
	m = m.CloneVT()
	m.Selector = ""
	if m.CacheOpt != nil {
		m.CacheOpt.ID, m.CacheOpt.Sharing = "", 0
	}
	return m
}

func digestOf(salt record.Salt, value any) string {
	dt, err := json.Marshal(value)
	if err != nil {
		dt = fmt.Append(nil, value)
	}
	return salt.Digest("part", string(dt))
}
