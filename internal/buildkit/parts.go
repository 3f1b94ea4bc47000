package buildkit

import (
	"context"
	"encoding/json"
	"fmt"
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
		for i, mnt := range e.Mounts {
			add(fmt.Sprintf("mount:%d", i), keyedMount(mnt))
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
			add(fmt.Sprintf("action:%d", i), a)
		}
	}
	if cm != nil {
		out = append(out, record.Part{Name: "op", Digest: salt.Digest("op", cm.Digest.String())})
	} else if v.op.GetSource() == nil {
		add("op", v.op)
	}
	return out
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
