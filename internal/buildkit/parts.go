package buildkit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/pb"

	"github.com/layercause/layercause/internal/operation"
	"github.com/layercause/layercause/internal/record"
)

// parts takes an operation's own key apart. Values that may come from a build
// arg enter as keyed digests only.
func parts(v *operation.Vertex, cm *solver.CacheMap, salt record.Salt) []record.Part {
	var out []record.Part
	add := func(name string, value any) {
		out = append(out, record.Part{Name: name, Digest: digestOf(salt, value)})
	}
	switch x := v.Op.Op.(type) {
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
		if p := v.Op.Platform; p != nil {
			out = append(out, record.Part{Name: "platform", Digest: digestOf(salt, p), Text: v.Platform})
		}
	case *pb.Op_File:
		for i, a := range x.File.Actions {
			for name, value := range actionParts(a) {
				add(fmt.Sprintf("action:%d:%s", i, name), value)
			}
		}
		slices.SortFunc(out, func(a, b record.Part) int { return cmp.Compare(a.Name, b.Name) })
	}
	sel := operation.Selectors(v)
	for i := range v.Edges {
		// Of what is selected only the base name is part of the operation.
		if list := sel[i]; cm != nil && i < len(cm.Deps) && cm.Deps[i].ComputeDigestFunc != nil {
			add(fmt.Sprintf("select:%d", i), list)
		}
	}
	if cm != nil {
		out = append(out, record.Part{Name: "op", Digest: salt.Digest("op", cm.Digest.String())})
	} else if v.Op.GetSource() == nil {
		add("op", v.Op)
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
