import DistilBERT
import Testing

@Test(arguments: DistilBertTask.allCases)
func taskOfItsArchitecture(task: DistilBertTask) {
    #expect(DistilBertTask(architecture: task.architecture) == task)
    #expect(DistilBertTask(architecture: "TF" + task.architecture) == task)
    #expect(DistilBertTask(architecture: "Bert" + task.architecture) == nil)
}
