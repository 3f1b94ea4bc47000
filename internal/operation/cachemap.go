package operation

import (
	"context"

	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/llbsolver/ops"
	"github.com/moby/buildkit/solver/pb"
)

// CacheMap is what BuildKit's own code says of an operation's key; nil for
// sources, whose key is what they resolved to.
func CacheMap(ctx context.Context, v *Vertex) (*solver.CacheMap, error) {
	var op interface {
		CacheMap(context.Context, solver.JobContext, int) (*solver.CacheMap, bool, error)
	}
	var err error
	switch x := v.Op.Op.(type) {
	case *pb.Op_Exec:
		op, err = ops.NewExecOp(v, x, v.Op.Platform, nil, nil, nil, nil, nil, nil, false)
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
