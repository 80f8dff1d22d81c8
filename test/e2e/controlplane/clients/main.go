// Clients asks the metrics API in the ways that Go programs do, and prints what they made of it as JSON.
//
//	clients metrics   the clientset of k8s.io/metrics, as kubectl top uses it: nodes, and the pods of a namespace
//	clients hpa       the resource metrics client of the HorizontalPodAutoscaler's controller
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	"k8s.io/metrics/pkg/client/clientset/versioned"
)

// question is what the flags say.
type question struct {
	kubeconfig, contentType, namespace, selector, resource, container string
}

const timeout = 20 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("expected a command, metrics or hpa")
	}
	var asked question
	flags := flag.NewFlagSet(words[0], flag.ContinueOnError)
	flags.StringVar(&asked.kubeconfig, "kubeconfig", "", "who asks, and whom")
	flags.StringVar(&asked.contentType, "content-type", "application/json", "encoding to ask for")
	flags.StringVar(&asked.namespace, "namespace", "", "namespace of the pods; all without it")
	flags.StringVar(&asked.selector, "selector", "", "label selector of the pods")
	flags.StringVar(&asked.resource, "resource", "cpu", "resource to scale by (hpa)")
	flags.StringVar(&asked.container, "container", "", "container to scale by; the whole pod without it (hpa)")
	if err := flags.Parse(words[1:]); err != nil {
		return err
	}
	client, err := clientOf(asked)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var answer any
	switch words[0] {
	case "metrics":
		answer, err = askMetrics(ctx, client, asked)
	case "hpa":
		answer, err = askAutoscaler(ctx, client, asked)
	default:
		err = fmt.Errorf("%q is no command: expected metrics or hpa", words[0])
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

func clientOf(asked question) (*versioned.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", asked.kubeconfig)
	if err != nil {
		return nil, err
	}
	config.ContentType = asked.contentType
	return versioned.NewForConfig(config)
}

// askMetrics lists both resources, and gets each item of the lists by its name, too.
func askMetrics(ctx context.Context, client *versioned.Clientset, asked question) (any, error) {
	api := client.MetricsV1beta1()
	nodes, err := api.NodeMetricses().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	pods, err := api.PodMetricses(asked.namespace).List(ctx, metav1.ListOptions{LabelSelector: asked.selector})
	if err != nil {
		return nil, err
	}
	for _, item := range nodes.Items {
		if _, err := api.NodeMetricses().Get(ctx, item.Name, metav1.GetOptions{}); err != nil {
			return nil, err
		}
	}
	for _, item := range pods.Items {
		if _, err := api.PodMetricses(item.Namespace).Get(ctx, item.Name, metav1.GetOptions{}); err != nil {
			return nil, err
		}
	}
	return map[string]any{"nodes": nodes, "pods": pods}, nil
}

// askAutoscaler gives, for each pod, the milli-units that a HorizontalPodAutoscaler computes with.
func askAutoscaler(ctx context.Context, client *versioned.Clientset, asked question) (any, error) {
	selector, err := labels.Parse(asked.selector)
	if err != nil {
		return nil, err
	}
	autoscaler := metrics.NewRESTMetricsClient(client.MetricsV1beta1(), nil, nil)
	info, timestamp, err := autoscaler.GetResourceMetric(ctx, v1.ResourceName(asked.resource), asked.namespace, selector, asked.container)
	if err != nil {
		return nil, err
	}
	return map[string]any{"pods": info, "timestamp": timestamp}, nil
}
