//! What the compiler of a Vulkan driver makes of kernels: `kernel-statistics FOLDER`.
//!
//! FOLDER holds `NAME.wgsl` and `NAME.constants` as `benches/kernels.rs` writes them; NAME ends in `-ENTRY`. Each becomes
//! SPIR-V as wgpu 30 hands it to a driver (trusted modules), and HLSL beside it for ptxas. Every device that the loader finds
//! compiles all of them; no card is needed with a driver that has a null device. A line each: device, NAME, statistic, value,
//! with tabs between. Assembly goes to `NAME.asm`.

use ash::vk;
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char};
use std::path::{Path, PathBuf};

/// A kernel to be compiled.
struct Job {
    name: String,
    entry: String,
    words: Vec<u32>,
}

/// SPIR-V of a kernel, its HLSL written beside it.
fn job(path: &Path) -> Job {
    let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let entry = name.rsplit('-').next().expect("an entry point").to_owned();
    let text = std::fs::read_to_string(path).expect("a source");
    let constants = std::fs::read_to_string(path.with_extension("constants")).expect("constants");
    let constants: HashMap<String, f64> = constants
        .lines()
        .map(|line| {
            let (name, value) = line.split_once(' ').expect("NAME VALUE");
            (name.to_owned(), value.parse().expect("a number"))
        })
        .collect();
    let module = naga::front::wgsl::parse_str(&text).unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&text)));
    let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::all());
    let info = validator.validate(&module).expect("a valid module");
    let stage = Some((naga::ShaderStage::Compute, entry.as_str()));
    let known: naga::back::PipelineConstants = constants
        .into_iter()
        .filter(|(name, _)| module.overrides.iter().any(|(_, o)| o.name.as_ref() == Some(name)))
        .collect();
    let (module, info) =
        naga::back::pipeline_constants::process_overrides(&module, &info, stage, &known).expect("constants that fit");
    let words = spirv(&module, &info, &entry);
    std::fs::write(path.with_extension("hlsl"), hlsl(&module, &info, &entry)).expect("a file");
    Job { name, entry, words }
}

fn spirv(module: &naga::Module, info: &naga::valid::ModuleInfo, entry: &str) -> Vec<u32> {
    use naga::back::spv;
    let free = naga::proc::BoundsCheckPolicy::Unchecked;
    let options = spv::Options {
        lang_version: (1, 6),
        flags: spv::WriterFlags::LABEL_VARYINGS | spv::WriterFlags::FORCE_POINT_SIZE,
        bounds_check_policies: naga::proc::BoundsCheckPolicies {
            index: free,
            buffer: free,
            image_load: free,
            binding_array: free,
        },
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        force_loop_bounding: false,
        emit_int_div_checks: false,
        ..spv::Options::default()
    };
    let pipeline =
        spv::PipelineOptions { entry_point: entry.to_owned(), shader_stage: naga::ShaderStage::Compute };
    spv::write_vec(module, info, &options, Some(&pipeline)).expect("SPIR-V")
}

fn hlsl(module: &naga::Module, info: &naga::valid::ModuleInfo, entry: &str) -> String {
    use naga::back::hlsl;
    let options = hlsl::Options {
        shader_model: hlsl::ShaderModel::V6_0,
        fake_missing_bindings: true,
        zero_initialize_workgroup_memory: false,
        restrict_indexing: false,
        force_loop_bounding: false,
        ..hlsl::Options::default()
    };
    let pipeline = hlsl::PipelineOptions { entry_point: Some((naga::ShaderStage::Compute, entry.to_owned())) };
    let mut text = String::new();
    hlsl::Writer::new(&mut text, &options, &pipeline).write(module, info, None).expect("HLSL");
    text
}

fn text_of(raw: &[c_char]) -> String {
    // SAFETY: Vulkan ends its names with a zero.
    unsafe { CStr::from_ptr(raw.as_ptr()) }.to_string_lossy().into_owned()
}

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("kernel-statistics FOLDER"));
    let mut sources: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "wgsl"))
        .collect();
    sources.sort();
    let jobs: Vec<Job> = sources.iter().map(|path| job(path)).collect();
    // SAFETY: objects are made in the order that Vulkan asks for, and the process ends with them.
    unsafe { on_every_device(&jobs, &folder) }
}

unsafe fn on_every_device(jobs: &[Job], folder: &Path) {
    unsafe {
        let entry = ash::Entry::load().expect("a Vulkan loader");
        let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_3);
        let info = vk::InstanceCreateInfo::default().application_info(&application);
        let instance = entry.create_instance(&info, None).expect("an instance");
        for physical in instance.enumerate_physical_devices().expect("devices") {
            let extensions = instance.enumerate_device_extension_properties(physical).unwrap_or_default();
            let wanted = ash::khr::pipeline_executable_properties::NAME;
            if !extensions.iter().any(|e| text_of(&e.extension_name).as_bytes() == wanted.to_bytes()) {
                continue;
            }
            let name = text_of(&instance.get_physical_device_properties(physical).device_name);
            let queues = [vk::DeviceQueueCreateInfo::default().queue_family_index(0).queue_priorities(&[1.0])];
            let names = [wanted.as_ptr()];
            let mut statistics = vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default()
                .pipeline_executable_info(true);
            let mut memory = vk::PhysicalDeviceVulkanMemoryModelFeatures::default().vulkan_memory_model(true);
            let integers = vk::PhysicalDeviceFeatures::default().shader_int64(true);
            let info = vk::DeviceCreateInfo::default()
                .queue_create_infos(&queues)
                .enabled_extension_names(&names)
                .enabled_features(&integers)
                .push_next(&mut memory)
                .push_next(&mut statistics);
            let device = instance.create_device(physical, &info, None).expect("a device");
            for job in jobs {
                compile(&instance, &device, job, &name, folder);
            }
        }
    }
}

/// Binding 0 and 1 are uniform, the rest storage, as in layout.wgsl.
unsafe fn layout(device: &ash::Device) -> vk::PipelineLayout {
    let bindings: Vec<_> = (0..16)
        .map(|binding| {
            let kind = match binding {
                0 => vk::DescriptorType::UNIFORM_BUFFER_DYNAMIC,
                1 => vk::DescriptorType::UNIFORM_BUFFER,
                _ => vk::DescriptorType::STORAGE_BUFFER,
            };
            vk::DescriptorSetLayoutBinding::default()
                .binding(binding)
                .descriptor_count(1)
                .stage_flags(vk::ShaderStageFlags::COMPUTE)
                .descriptor_type(kind)
        })
        .collect();
    unsafe {
        let info = vk::DescriptorSetLayoutCreateInfo::default().bindings(&bindings);
        let sets = [device.create_descriptor_set_layout(&info, None).expect("a layout")];
        let info = vk::PipelineLayoutCreateInfo::default().set_layouts(&sets);
        device.create_pipeline_layout(&info, None).expect("a layout")
    }
}

unsafe fn compile(instance: &ash::Instance, device: &ash::Device, job: &Job, on: &str, folder: &Path) {
    unsafe {
        let info = vk::ShaderModuleCreateInfo::default().code(&job.words);
        let module = device.create_shader_module(&info, None).expect("a module");
        let entry = CString::new(job.entry.as_str()).expect("a name");
        let stage = vk::PipelineShaderStageCreateInfo::default()
            .stage(vk::ShaderStageFlags::COMPUTE)
            .module(module)
            .name(&entry);
        let info = vk::ComputePipelineCreateInfo::default()
            .flags(
                vk::PipelineCreateFlags::CAPTURE_STATISTICS_KHR
                    | vk::PipelineCreateFlags::CAPTURE_INTERNAL_REPRESENTATIONS_KHR,
            )
            .stage(stage)
            .layout(layout(device));
        let pipeline = match device.create_compute_pipelines(vk::PipelineCache::null(), &[info], None) {
            Ok(pipelines) => pipelines[0],
            Err((_, error)) => panic!("{on}: {}: {error:?}", job.name),
        };
        let extension = ash::khr::pipeline_executable_properties::Device::new(instance, device);
        let info = vk::PipelineInfoKHR::default().pipeline(pipeline);
        let executables = extension.get_pipeline_executable_properties(&info).expect("executables");
        for index in 0..executables.len() as u32 {
            let info = vk::PipelineExecutableInfoKHR::default().pipeline(pipeline).executable_index(index);
            for s in extension.get_pipeline_executable_statistics(&info).unwrap_or_default() {
                let value = match s.format {
                    vk::PipelineExecutableStatisticFormatKHR::UINT64 => s.value.u64.to_string(),
                    vk::PipelineExecutableStatisticFormatKHR::INT64 => s.value.i64.to_string(),
                    vk::PipelineExecutableStatisticFormatKHR::BOOL32 => s.value.b32.to_string(),
                    _ => format!("{:.2}", s.value.f64),
                };
                println!("{on}\t{}\t{}\t{value}", job.name, text_of(&s.name));
            }
            if let Some(assembly) = assembly(device, &extension, &info) {
                std::fs::write(folder.join(format!("{}.asm", job.name)), assembly).expect("a file");
            }
        }
    }
}

/// The last representation that a driver has of an executable.
unsafe fn assembly(
    device: &ash::Device,
    extension: &ash::khr::pipeline_executable_properties::Device,
    info: &vk::PipelineExecutableInfoKHR<'_>,
) -> Option<Vec<u8>> {
    unsafe {
        let ask = extension.fp().get_pipeline_executable_internal_representations_khr;
        let mut count = 0;
        let _ = ask(device.handle(), info, &mut count, std::ptr::null_mut());
        let mut all = vec![vk::PipelineExecutableInternalRepresentationKHR::default(); count as usize];
        let _ = ask(device.handle(), info, &mut count, all.as_mut_ptr());
        let mut data: Vec<Vec<u8>> = all.iter().map(|r| vec![0; r.data_size]).collect();
        for (representation, data) in all.iter_mut().zip(&mut data) {
            representation.p_data = data.as_mut_ptr().cast();
        }
        let _ = ask(device.handle(), info, &mut count, all.as_mut_ptr());
        let place = all.iter().position(|r| text_of(&r.name).contains("ssembly"))?;
        Some(data[place].iter().copied().take_while(|&b| b != 0).collect())
    }
}
