package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/buildkit/builder"
)

// jobState is the name under which a step keeps the key of its job's builder for
// its post stage.
const jobState = "job"

// cleanupTimeout is what the end of a job waits for the engine.
const cleanupTimeout = time.Minute

// builderJob says whose container a builder of ours is, if none is named. The post
// stage learns of it before there is one, so that it finds it however the build ends.
func builderJob(env Env, run *runner, named string) builder.Job {
	if !run.active || cmp.Or(named, env.getenv("BUILDKIT_HOST"), env.getenv("BUILDX_BUILDER")) != "" {
		return builder.Job{}
	}
	job := action.ReadJob(env.LookupEnv)
	if job.Key == "" {
		return builder.Job{}
	}
	if err := action.SaveState(env.getenv, nil, jobState, job.Key); err != nil {
		// Nobody would remove it.
		run.log.Warning(err.Error())
		return builder.Job{}
	}
	return builder.Job{Key: job.Key, Runner: job.Runner}
}

// Cleanup is the post stage of the action: it removes the builder that the job
// made. A later post stage of the same job finds none, and that is no error; what
// is one fails no job.
func Cleanup(ctx context.Context, env Env) error {
	key := action.State(env.getenv, jobState)
	made := key != ""
	if !made {
		// No builder, or act, which gives a container's post stage no state.
		key = action.ReadPostJob(env.getenv).Key
	}
	if key == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, cleanupTimeout)
	defer cancel()
	err := builder.RemoveJob(ctx, builder.Options{Job: builder.Job{Key: key}, Getenv: env.getenv, Stderr: env.Stderr})
	if err != nil && made {
		action.NewLog(env.Stdout, nil).Warning(fmt.Sprintf("the builder of this job stays on its machine: %v", err))
	}
	return nil
}
